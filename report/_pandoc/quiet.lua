-- For Quarto's Typst: the quiet lines under figures and tables, and intervals, in small grey type.

function Div(div)
  if not div.classes:includes("how-made") then return nil end
  local out = pandoc.Blocks({ pandoc.RawBlock("typst", "#block(text(size: 0.8em, fill: luma(90))[") })
  out:extend(div.content)
  out:insert(pandoc.RawBlock("typst", "])"))
  return out
end

function Span(span)
  if not span.classes:includes("interval") then return nil end
  local out = pandoc.Inlines({ pandoc.RawInline("typst", "#text(size: 0.85em, fill: luma(70))[") })
  out:extend(span.content)
  out:insert(pandoc.RawInline("typst", "]"))
  return out
end
