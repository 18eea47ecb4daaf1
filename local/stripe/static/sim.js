// Keeps the control page fresh and in its place; without it every form still works.

const REFRESH_MILLISECONDS = 2000;

let busy = false;

const live = () => document.querySelector("#live");

const typing = () => document.activeElement?.matches("input, select");

function show(page) {
  const fresh = page.querySelector("#live");
  if (fresh.isEqualNode(live())) return;
  const focused = document.activeElement?.closest("form")?.id;
  live().replaceWith(fresh);
  // A button that is gone leaves the focus to the page, as after any submit.
  if (focused) document.getElementById(focused)?.querySelector("button")?.focus();
}

async function load(url, options) {
  busy = true;
  try {
    const response = await fetch(url, options);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    show(page);
    return page;
  } finally {
    busy = false;
  }
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const notice = document.querySelector("#notice");
  try {
    const body = new URLSearchParams(new FormData(event.target, event.submitter));
    const page = await load(event.target.action, { method: "POST", body });
    notice.textContent = page.querySelector("#notice").textContent;
  } catch {
    notice.textContent = "The stand-in does not answer. Is it running?";
  }
  if (notice.textContent) notice.scrollIntoView({ block: "nearest" });
});

setInterval(() => {
  if (!document.hidden && !busy && !typing()) load("/_sim").catch(() => {});
}, REFRESH_MILLISECONDS);
