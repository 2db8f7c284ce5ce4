-- What Quarto's page alone needs (`at: post-render`), as page.html has it otherwise.
-- The contents in the text: on a narrow screen Quarto hides those in the margin, and theme.scss shows one of the two.
-- (`toc-location: left-body` does the same, but has every link's id twice.)
-- The switch between light and dark: Quarto adds one where there is none, but that has no name.

if not FORMAT:match("html") then return {} end

local SWITCH = '<button type="button" class="theme-switch quarto-color-scheme-toggle" '
  .. 'onclick="window.quartoToggleColorScheme()">Light or dark</button>'

local function add(doc)
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
  local open = SWITCH .. '<nav class="narrow-contents" aria-label="Contents"><details><summary>Contents</summary>'
  local out = pandoc.Blocks({ pandoc.RawBlock("html", open), pandoc.BulletList(list) })
  out:insert(pandoc.RawBlock("html", "</details></nav>"))
  out:extend(doc.blocks)
  doc.blocks = out
  return doc
end

return { { Pandoc = add } }
