import { person } from "./person.js";

/** Whom each element has shown last. @type {WeakMap<Element, string | null>} */
const shown = new WeakMap();

/**
 * Tells an element of each change of the person, also of one while it was out of the page. connectedCallback() calls it.
 * @param {import("../lib/shadow-element.js").ShadowElement} element
 * @param {(hasLeft: boolean) => void} onChange  hasLeft: whether somebody was there before who is gone
 */
export function followPerson(element, onChange) {
  const former = () => shown.get(element) ?? null;
  const change = () => {
    const hasLeft = former() !== null && former() !== person.id;
    shown.set(element, person.id);
    onChange(hasLeft);
  };
  if (shown.has(element) && former() !== person.id) change();
  shown.set(element, person.id);
  element.listen(person, "change", change);
}
