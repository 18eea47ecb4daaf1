/**
 * Runs once at a time, with the button busy meanwhile.
 * @param {HTMLElement} button
 * @param {string} busyLabel
 * @param {() => Promise<void>} run throws nothing
 */
export async function whileBusy(button, busyLabel, run) {
  if (button.getAttribute("aria-busy") === "true") return;
  const label = button.textContent;
  button.textContent = busyLabel;
  button.setAttribute("aria-busy", "true");
  await run();
  button.textContent = label;
  button.setAttribute("aria-busy", "false");
}
