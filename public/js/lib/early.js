// Runs before the first paint, so that nobody sees the page of the other state, other colours, or another
// language flash by. session.js, shop.js and texts.js keep the marks true from then on.
(function () {
  const root = document.documentElement;
  let session = null;
  try {
    session = localStorage.getItem("purse.session");
    const { color } = JSON.parse(localStorage.getItem("purse.shop") ?? "null")?.identity ?? {};
    if (color) {
      root.toggleAttribute("data-branded", true);
      root.style.setProperty("--brand", color);
    }
    const used = localStorage.getItem("purse.texts") ?? "en";
    if (/^[a-z]{2}$/.test(used) && used !== "en") {
      root.lang = used;
      root.toggleAttribute("data-translating", true);
      const file = Object.assign(document.createElement("link"), {
        rel: "modulepreload",
        href: `/js/lib/texts/${used}.js`,
      });
      document.head.append(file);
    }
  } catch {
    // Without storage the page begins signed out, in its own colours and in English.
  }
  root.dataset.session = session ? "in" : "out";
})();
