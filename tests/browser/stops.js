// Asked after each press of Tab: which element has the focus, shadow trees included, and whether one can see it.
() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  if (!element || element === document.body) return null;
  const style = getComputedStyle(element);
  const { left, top, right, bottom } = element.getBoundingClientRect();
  const [x, y] = [(Math.max(left, 0) + Math.min(right, innerWidth)) / 2, (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2];
  let hit = document.elementFromPoint(x, y);
  while (hit?.shadowRoot?.elementFromPoint(x, y) && hit.shadowRoot.elementFromPoint(x, y) !== hit) hit = hit.shadowRoot.elementFromPoint(x, y);
  return {
    name: `<${element.localName}> ${(element.ariaLabel ?? element.labels?.[0]?.textContent ?? element.textContent).trim().replaceAll(/\s+/g, " ").slice(0, 60)}`,
    hasRing: style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 2,
    isOnScreen: bottom > 0 && top < innerHeight && right > 0 && left < innerWidth,
    isCovered: !(hit && (element.contains(hit) || hit.contains(element) || [...(element.labels ?? [])].some((label) => label.contains(hit)))),
  };
}
