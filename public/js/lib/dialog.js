/**
 * Shows a dialog, and resolves when it is closed. It leaves the page then, and the keyboard returns to where it was.
 * @param {HTMLDialogElement} dialog with its content, so that autofocus finds its element
 * @param {Element} [opener] what asked for it: in an element's shadow DOM, the dialog is shown there, with its styles
 * @returns {Promise<void>}
 */
export function untilClosed(dialog, opener = document.body) {
  const root = opener.getRootNode();
  const place = root instanceof ShadowRoot ? root : document.body;
  place.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
  });
}
