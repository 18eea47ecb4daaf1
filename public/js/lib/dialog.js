/**
 * Shows a dialog, and resolves when it is closed. It leaves the page then, and the keyboard returns to where it was.
 * @param {HTMLDialogElement} dialog with its content, so that autofocus finds its element
 * @returns {Promise<void>}
 */
export function untilClosed(dialog) {
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
  });
}
