// Runs before the first paint, so that nobody sees the page of the other state, or other colours, flash by.
// session.js and shop.js keep the marks true from then on.
try {
  document.documentElement.dataset.session = localStorage.getItem("purse.session") ? "in" : "out";
  const { color } = JSON.parse(localStorage.getItem("purse.shop") ?? "null")?.identity ?? {};
  if (color) {
    document.documentElement.toggleAttribute("data-branded", true);
    document.documentElement.style.setProperty("--brand", color);
  }
} catch {
  document.documentElement.dataset.session ??= "out";
}
