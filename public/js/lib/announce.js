/** Elements of ours, in the order they were made. @type {Set<WeakRef<HTMLElement>>} */
const made = new Set();

/** Makes an element one of those that announce. @param {HTMLElement} element */
export function join(element) {
  made.add(new WeakRef(element));
}

/**
 * Tells the page around what happened to a person's credits. Each element tells its own listeners, and the first
 * one's event bubbles: a listener on the document hears it once, however many elements there are.
 * @param {string} name
 * @param {Record<string, unknown>} detail
 */
export function announce(name, detail) {
  const [first = document, ...others] = shown();
  for (const other of others) other.dispatchEvent(new CustomEvent(name, { detail }));
  first.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
}

function shown() {
  const elements = [];
  for (const reference of made) {
    const element = reference.deref();
    if (!element) made.delete(reference);
    else if (element.isConnected) elements.push(element);
  }
  return elements;
}
