-- The contents in the text, for Quarto's page alone (`at: post-render`): on a narrow screen Quarto hides those in the
-- margin. Not `toc-location: left-body`, which has every link's id twice. theme.scss shows one of the two.

if not FORMAT:match("html") then return {} end

local function add_contents(doc)
  local items = {}
  doc.blocks:walk({ Header = function(header)
    if header.level > 2 or header.identifier == "" then return end
    local link = pandoc.Plain({ pandoc.Link(header.content, "#" .. header.identifier) })
    if header.level == 1 or #items == 0 then items[#items + 1] = { first = link, below = {} }
    else table.insert(items[#items].below, { link }) end
  end })
  local list = {}
  for i, item in ipairs(items) do
    list[i] = #item.below > 0 and { item.first, pandoc.BulletList(item.below) } or { item.first }
  end
  local open = '<nav class="narrow-contents" aria-label="Contents"><details><summary>Contents</summary>'
  local out = pandoc.Blocks({ pandoc.RawBlock("html", open), pandoc.BulletList(list) })
  out:insert(pandoc.RawBlock("html", "</details></nav>"))
  out:extend(doc.blocks)
  doc.blocks = out
  return doc
end

return { { Pandoc = add_contents } }
