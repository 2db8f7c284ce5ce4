-- What both renderers need and neither does by itself. Quarto runs it before its own filters (`at: pre-ast`), Pandoc
-- before house.lua, so both read the same plain Markdown: tables as wide as what they hold; callouts that a keyboard
-- opens (Quarto's own are not, and what is inside one does not break across pages); and on paper margin notes and quiet
-- lines in the flow of the text, by the functions of paper.typ.

local paper = FORMAT:match("typst") ~= nil
local SHORT = 16 -- rows of a table that stays on one page

local function raw(text) return pandoc.RawBlock("typst", text) end

local function wrapped(open, blocks, close)
  local out = pandoc.Blocks({ raw(open) })
  out:extend(blocks)
  out:insert(raw(close or "]"))
  return out
end

-- Pandoc gives columns shares of the width by the source's line lengths, which breaks words in the narrow ones.
local function set_table(tbl)
  for i, spec in ipairs(tbl.colspecs) do tbl.colspecs[i] = { spec[1], nil } end
  if not paper then return tbl end
  local rows = 0
  for _, body in ipairs(tbl.bodies) do rows = rows + #body.body end
  return rows > SHORT and tbl or wrapped("#block(breakable: false, sticky: true)[", { tbl })
end

local function inlines(markdown)
  return pandoc.utils.blocks_to_inlines(pandoc.read(markdown, "markdown").blocks)
end

local function on_paper(kind, title, content)
  -- The title stays with what it is a title of.
  local out = wrapped("#block(sticky: true)[", { pandoc.Para({ pandoc.Strong(title) }) })
  out:extend(content)
  return wrapped('#note-box("' .. kind .. '")[', out)
end

local function on_page(kind, title, content, folds)
  local function html(text) return pandoc.RawBlock("html", text) end
  local out = pandoc.Blocks({ html('<div class="note-box note-' .. kind .. '" role="note">') })
  out:insert(html(folds and "<details><summary>" or "<div>"))
  out:insert(pandoc.Plain({ pandoc.Span(title, pandoc.Attr("", { "note-title" })) }))
  out:insert(html(folds and "</summary>" or "</div>"))
  out:extend(content)
  out:insert(html(folds and "</details></div>" or "</div>"))
  return out
end

local function callout(div, kind)
  local title = inlines(div.attributes.title or (kind:sub(1, 1):upper() .. kind:sub(2)))
  if paper then return on_paper(kind, title, div.content) end
  return on_page(kind, title, div.content, div.attributes.collapse == "true")
end

local BLOCKS = { ["column-margin"] = "aside", ["how-made"] = "quiet", ["config-text"] = "config", tokens = "tokens" }
local INLINES = { interval = "interval", token = "token" }

local function set_div(div)
  for _, class in ipairs(div.classes) do
    local kind = class:match("^callout%-(%a+)$")
    if kind then return callout(div, kind) end
    if paper and BLOCKS[class] then return wrapped("#" .. BLOCKS[class] .. "[", div.content) end
  end
end

local function set_span(span)
  for _, class in ipairs(span.classes) do
    if INLINES[class] then
      local out = pandoc.Inlines({ pandoc.RawInline("typst", "#" .. INLINES[class] .. "[") })
      out:extend(span.content)
      out:insert(pandoc.RawInline("typst", "]"))
      return out
    end
  end
end

-- Typst makes a dash of "--" and one sign of "..." (not every Pandoc prevents it); stories keep theirs.
local function set_text(str)
  if not str.text:find("%-%-") and not str.text:find("%.%.%.") then return nil end
  local escaped = str.text:gsub("\\", "\\\\"):gsub('"', '\\"')
  return pandoc.RawInline("typst", '#"' .. escaped .. '";')
end

-- On paper there is no explorer to lead to.
local function set_link(link)
  if link.target:match("^#group=") then return link.content end
end

if not paper then return { { Table = set_table }, { Div = set_div } } end
return { { Table = set_table, Str = set_text }, { Div = set_div, Span = set_span, Link = set_link } }
