// Comfort for the payment page; without it every form still works.

const form = document.querySelector("#pay");
const button = form?.querySelector("[data-busy]");
const idleText = button?.textContent;

const field = (name) => form?.elements.namedItem(name);

const inGroups = (digits) => digits.replace(/(.{4})(?=.)/g, "$1 ");

function spaceNumber(input) {
  const atEnd = input.selectionStart === input.value.length;
  const spaced = inGroups(input.value.replace(/\D/g, "").slice(0, 19));
  // Typing in the middle keeps its place: only text at the end is regrouped.
  if (atEnd) input.value = spaced;
}

function spaceExpiry(input, event) {
  if (event.inputType?.startsWith("delete")) return;
  const digits = input.value.replace(/\D/g, "").slice(0, 4);
  if (digits.length >= 2) input.value = `${digits.slice(0, 2)} / ${digits.slice(2)}`;
}

function fill(number) {
  const nextYear = String((new Date().getFullYear() + 1) % 100).padStart(2, "0");
  const card = document.querySelector("#by-card");
  if (card) card.checked = true;
  field("number").value = number;
  field("expiry").value = `12 / ${nextYear}`;
  field("cvc").value = "123";
  if (!field("name").value) field("name").value = "Test Person";
  button.focus();
}

function setBusy(busy) {
  if (!button) return;
  form.setAttribute("aria-busy", String(busy));
  button.disabled = busy;
  button.textContent = busy ? button.dataset.busy : idleText;
  form.querySelector("[data-status]").textContent = busy ? "Processing your payment. Stay on this page." : "";
}

field("number")?.addEventListener("input", (event) => spaceNumber(event.target));
field("expiry")?.addEventListener("input", (event) => spaceExpiry(event.target, event));

for (const card of document.querySelectorAll("[data-card]")) {
  card.addEventListener("click", (event) => {
    event.preventDefault();
    fill(card.value);
  });
}

// The form's data is read before the button is disabled, so a named button still counts.
form?.addEventListener("submit", () => setTimeout(setBusy, 0, true));
// Coming back with the browser's button: a page that the browser kept may have been paid meanwhile, and a page that it
// restored may still be busy.
addEventListener("pageshow", (event) => (event.persisted ? location.reload() : setBusy(false)));

// A page may be the answer to a form. Coming back to it then asks for the page anew instead of sending the form again.
history.replaceState(history.state, "", location.pathname.replace(/\/promotion$/, "") + location.search);
