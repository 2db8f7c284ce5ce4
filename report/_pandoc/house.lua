-- What Quarto adds to pandoc's Markdown, as far as this report uses it: conditional content, numbered
-- cross-references, alt texts and tabsets. For the build without Quarto. Anything unknown is an error.

local html = FORMAT:match("html") ~= nil
local format = html and "html" or "typst"
local labels = {} -- id -> "Figure 1"
local renderer = "Pandoc"

local function raw(text) return pandoc.RawBlock(format, text) end

local function typst_string(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("\n", " ") .. '"'
end

local function attribute(text)
  return (text:gsub("&", "&amp;"):gsub('"', "&quot;"):gsub("<", "&lt;"):gsub(">", "&gt;"))
end

-- 1. Content for one format only. Before anything is counted.
local function conditional(div)
  local visible, hidden = div.classes:includes("content-visible"), div.classes:includes("content-hidden")
  if not visible and not hidden then return nil end
  local only, except = div.attributes["when-format"], div.attributes["unless-format"]
  local holds = (only == nil or only == format) and (except == nil or except ~= format)
  if holds == visible then return div.content end
  return {}
end

-- 2. Tabsets and margin notes on the page (shared.lua has those on paper), the colophon's sentence.
local function split_by_headings(blocks)
  local parts = {}
  for _, block in ipairs(blocks) do
    if block.t == "Header" then
      parts[#parts + 1] = { title = block.content, blocks = pandoc.Blocks({}) }
    elseif #parts > 0 then
      parts[#parts].blocks:insert(block)
    end
  end
  return parts
end

local sets = 0
local function tabset(div)
  sets = sets + 1
  local parts = split_by_headings(div.content)
  local out = pandoc.Blocks({ raw('<div class="tabset">') })
  for i, part in ipairs(parts) do
    local id = "tab-" .. sets .. "-" .. i
    local checked = i == 1 and " checked" or ""
    local title = pandoc.write(pandoc.Pandoc({ pandoc.Plain(part.title) }), "html"):gsub("\n$", "")
    out:insert(raw('<input type="radio" name="tabs-' .. sets .. '" id="' .. id .. '"' .. checked .. "/>"
      .. '<label for="' .. id .. '">' .. title .. "</label>"))
  end
  for _, part in ipairs(parts) do
    out:insert(raw('<div class="tab">'))
    out:extend(part.blocks)
    out:insert(raw("</div>"))
  end
  out:insert(raw("</div>"))
  return out
end

local function structure(div)
  if div.identifier == "renderer" then
    return pandoc.Para(pandoc.Inlines("Rendered by " .. renderer .. "."))
  end
  if div.classes:includes("panel-tabset") then
    if not html then error("a tabset is for HTML only: wrap it in content-visible") end
    return tabset(div)
  end
  if div.classes:includes("column-margin") then
    local out = pandoc.Blocks({ raw('<div class="margin-note" role="note">') })
    out:extend(div.content)
    out:insert(raw("</div>"))
    return out
  end
  return nil
end

-- 3. Numbers for sections, figures and tables, in the order in which they stand.
local counters = { section = {}, fig = 0, tbl = 0 }
local names = { fig = "Figure", tbl = "Table" }

local function number_heading(header)
  if header.classes:includes("unnumbered") then return end
  local c = counters.section
  c[header.level] = (c[header.level] or 0) + 1
  for level = header.level + 1, 6 do c[level] = nil end
  local parts = {}
  for level = 1, header.level do parts[#parts + 1] = tostring(c[level] or 0) end
  labels[header.identifier] = "Section " .. table.concat(parts, ".")
end

local function number_caption(block, kind)
  if not block.identifier:match("^" .. kind .. "%-") then return end
  counters[kind] = counters[kind] + 1
  labels[block.identifier] = names[kind] .. " " .. counters[kind]
  local long = block.caption.long
  local prefix = pandoc.Strong(pandoc.Inlines(names[kind] .. " " .. counters[kind] .. "."))
  if #long == 0 then error(block.identifier .. " has no caption") end
  long[1].content:insert(1, pandoc.Space())
  long[1].content:insert(1, prefix)
  block.caption.long = long
end

local function number(block)
  if block.t == "Header" then number_heading(block)
  elseif block.t == "Figure" then number_caption(block, "fig")
  elseif block.t == "Table" then number_caption(block, "tbl")
  end
  return block
end

-- 4. What the writers make of figures and tables.
local function alt_of(figure)
  local alt, source
  figure:walk({ Image = function(image) alt, source = image.attributes["fig-alt"], image.src end })
  if not alt or alt == "" then error("the figure " .. (source or "?") .. " has no fig-alt") end
  return alt, source
end

local function set_figure(figure)
  local alt, source = alt_of(figure)
  if html then
    return figure:walk({ Image = function(image)
      image.attributes["fig-alt"] = nil
      image.attributes["alt"] = alt
      image.caption = pandoc.Inlines(alt)
      return image
    end })
  end
  local out = pandoc.Blocks({ raw("#figure(image(" .. typst_string(source) .. ", alt: " .. typst_string(alt)
    .. "), kind: image, caption: [") })
  out:extend(figure.caption.long)
  out:insert(raw("]) <" .. figure.identifier .. ">"))
  return out
end

local function set_table(tbl)
  if not html then return nil end
  -- The caption stands outside of what scrolls, as in Quarto's page, so that it is never cut off on a narrow one.
  local caption, id = tbl.caption.long, tbl.identifier
  if #caption == 0 then return nil end
  tbl.identifier, tbl.caption = "", { long = {} }
  local out = pandoc.Blocks({ raw('<figure class="table" id="' .. attribute(id) .. '">') })
  local name = attribute(id) .. "-caption"
  out:insert(raw('<figcaption id="' .. name .. '">'))
  out:extend(caption)
  out:insert(raw("</figcaption>"))
  out:insert(pandoc.Div({ tbl }, pandoc.Attr("", {}, { ["aria-describedby"] = name })))
  out:insert(raw("</figure>"))
  return out
end

-- 5. References to them; what is left is pandoc's to cite.
local function reference(cite)
  if #cite.citations ~= 1 then return nil end
  local id = cite.citations[1].id
  if not id:match("^%a+%-") or not (id:match("^fig%-") or id:match("^tbl%-") or id:match("^sec%-")) then return nil end
  if not labels[id] then error("@" .. id .. " refers to nothing") end
  local text = labels[id]:gsub(" ", "\u{a0}")
  return pandoc.Link(pandoc.Inlines(text), "#" .. id)
end

return {
  { Meta = function(meta) renderer = pandoc.utils.stringify(meta.renderer or renderer) end },
  { Div = conditional, Span = conditional },
  { Div = structure },
  { traverse = "topdown", Block = number },
  { Figure = set_figure, Table = set_table, Cite = reference },
}
