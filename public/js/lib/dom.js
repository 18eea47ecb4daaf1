/**
 * Makes an element: h("button", { class: "button", onclick: run }, "Buy").
 * Functions become listeners, true and false switch an attribute on or off, null leaves it out.
 * @template {string} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {Tag extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag] : any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  for (const child of children) if (child || child === "") element.append(child);
  return /** @type {any} */ (element);
}

/**
 * Makes a part of a drawing, all of whose attributes are plain text.
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...Node} children
 */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * Makes these elements a place's children, and leaves those alone that are there already: what is taken
 * out and put back loses the keyboard's focus.
 * @param {Element} place
 * @param {Element[]} elements
 */
export function arrange(place, elements) {
  const wanted = new Set(elements);
  for (const child of [...place.children]) if (!wanted.has(child)) child.remove();
  elements.forEach((element, index) => {
    const there = place.children[index];
    if (there !== element) place.insertBefore(element, there ?? null);
  });
}

/** The gem that stands for a credit. Its text is there for when the drawing is not. */
export function gem() {
  return h("img", { class: "gem", src: "/img/gem.svg", alt: "💎", width: 20, height: 20 });
}

/** Text for those who listen rather than look. @param {string} text */
export function spoken(text) {
  return h("span", { class: "visually-hidden" }, text);
}

let lastId = 0;

/** An id nothing else on the page has, to tie a label to its field. @param {string} prefix */
export function uniqueId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}
