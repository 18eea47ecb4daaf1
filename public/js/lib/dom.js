import { once } from "./once.js";

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

/** The facets of img/gem.svg: colour and outline. */
const FACETS = [
  ["#8adcff", "M9 5 2 13h8.5z"],
  ["#c3efff", "M9 5h7l-5.5 8z"],
  ["#eafaff", "m16 5 5.5 8h-11z"],
  ["#a9e5ff", "M16 5h7l-1.5 8z"],
  ["#5fc3f2", "m23 5 7 8h-8.5z"],
  ["#3fabe6", "M2 13h8.5L16 29z"],
  ["#79d0f9", "M10.5 13h11L16 29z"],
  ["#1f86c9", "M21.5 13H30L16 29z"],
];

/** The gem that stands for a credit. Drawn in place: the page of another app may load no pictures of ours. */
export const gem = () => drawnGem().cloneNode(true);

const drawnGem = once(() => {
  const facets = FACETS.map(([fill, d]) => svg("path", { fill, d }));
  const size = { viewBox: "0 0 32 32", width: 20, height: 20 };
  return svg("svg", { class: "gem", "aria-hidden": "true", ...size }, ...facets);
});

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
