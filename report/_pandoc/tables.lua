-- Tables on the web page scroll inside where they are wider than it, also by keyboard, and have a name for screen
-- readers. Both renderers run this last (in Quarto `at: post-render`), when a caption is next to its table.

if not FORMAT:match("html") then return {} end

local function scrolls(tbl)
  -- As pairs: a Lua table of names has another order in each run.
  local attributes = { { "tabindex", "0" }, { "role", "region" }, { "aria-label", "Table" } }
  return pandoc.Div({ tbl }, pandoc.Attr("", { "scroll" }, attributes))
end

-- What Quarto puts around a table with a caption points to it; so does house.lua.
local function named(div)
  local caption, inner = div.attributes["aria-describedby"], div.content[1]
  if not caption or not inner or inner.t ~= "Div" or not inner.classes:includes("scroll") then return nil end
  inner.attributes["aria-label"] = nil
  inner.attributes["aria-labelledby"] = caption
  return inner
end

return { { Table = scrolls }, { Div = named } }
