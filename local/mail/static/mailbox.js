// Keeps the list fresh, searches while typing, copies codes. Without it, links and search still work.

const REFRESH_MILLISECONDS = 2000;
const TYPING_MILLISECONDS = 200;
const COPIED_MILLISECONDS = 2000;

const search = document.querySelector(".search");
const status = document.querySelector("#status");

let latest = 0;
let typing;

function address() {
  const url = new URL(location.href);
  const wanted = search.elements.to.value.trim();
  if (wanted) url.searchParams.set("to", wanted);
  else url.searchParams.delete("to");
  return url;
}

async function refresh() {
  const turn = ++latest;
  const url = address();
  const response = await fetch(url);
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  // A slower answer to an earlier question is dropped.
  if (turn !== latest) return;
  history.replaceState(null, "", url);
  show(page.querySelector("#live"));
}

function show(fresh) {
  const live = document.querySelector("#live");
  if (fresh.isEqualNode(live)) return;
  const focused = live.contains(document.activeElement) && document.activeElement.getAttribute("href");
  live.replaceWith(fresh);
  if (focused) fresh.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
}

async function copy(button) {
  const label = button.firstChild;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    label.textContent = "Copied";
    status.textContent = `Code ${button.dataset.copy} copied`;
  } catch {
    label.textContent = "Copy it by hand";
    status.textContent = "The browser does not allow copying.";
  }
  setTimeout(() => {
    label.textContent = "Copy";
    status.textContent = "";
  }, COPIED_MILLISECONDS);
}

search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => refresh().catch(() => {}), TYPING_MILLISECONDS);
});

search.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(typing);
  refresh().catch(() => {});
});

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}

setInterval(() => {
  if (!document.hidden) refresh().catch(() => {});
}, REFRESH_MILLISECONDS);
