/**
 * Shows a dialog, and resolves when it is closed. It leaves the page then, and the keyboard returns to where it was.
 * @param {HTMLDialogElement} dialog with its content, so that autofocus finds its element
 * @param {Element} [opener] what asked for it: in an element's shadow DOM, the dialog is shown there, with its styles
 * @returns {Promise<void>}
 */
export function untilClosed(dialog, opener = document.body) {
  const root = opener.getRootNode();
  const place = root instanceof ShadowRoot ? root : document.body;
  // A button that is gone by then leaves the keyboard to the line that it was in.
  const line = opener.closest("details")?.querySelector("summary");
  place.append(dialog);
  dialog.showModal();
  // The page's styles do not see into a shadow DOM: the element tells them that a dialog is open in it.
  const host = root instanceof ShadowRoot ? root.host : null;
  host?.toggleAttribute("data-dialog", true);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      host?.removeAttribute("data-dialog");
      if (!opener.isConnected) line?.focus();
      resolve();
    });
  });
}

/** Only a press that begins and ends on the backdrop closes: not a selection dragged out. @param {HTMLDialogElement} dialog */
export function closeOnBackdrop(dialog) {
  let began = false;
  const outside = (/** @type {MouseEvent} */ { clientX: x, clientY: y, target }) => {
    const box = dialog.getBoundingClientRect();
    return target === dialog && (x < box.left || x > box.right || y < box.top || y > box.bottom);
  };
  dialog.addEventListener("pointerdown", (event) => (began = outside(event)));
  dialog.addEventListener("click", (event) => began && outside(event) && dialog.close());
}
