/** Notes every event about credits. */
export function hearCredits() {
  window.heard = [];
  for (const name of ["credits:changed", "credits:purchased", "credits:insufficient"])
    document.addEventListener(name, ({ detail }) => window.heard.push([name, detail]));
}
