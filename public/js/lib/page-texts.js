import { language, t } from "./texts.js";

// The page's own HTML is in English: data-text names the text that takes its place.
document.documentElement.lang = language;
for (const element of document.querySelectorAll("[data-text]")) {
  const text = t(element.getAttribute("data-text") ?? "");
  if (element instanceof HTMLMetaElement) element.content = text;
  else element.textContent = text;
}
document.documentElement.removeAttribute("data-translating");
