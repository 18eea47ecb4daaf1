import "https://purse.example.com/elements/credit-balance.js";
import "https://purse.example.com/elements/credit-store.js";
import "https://purse.example.com/elements/credit-history.js";
import { connect } from "https://purse.example.com/elements/connect.js";
import { hearCredits } from "./heard.js";

const client = supabase.createClient("https://supabase.example.com", "publishable-key");

hearCredits();
window.client = client;
window.purse = connect(client);

const form = document.querySelector("form");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { email, password } = Object.fromEntries(new FormData(form));
  client.auth.signInWithPassword({ email, password });
});
document.querySelector("#leave").addEventListener("click", () => client.auth.signOut());
document.addEventListener("credits:sign-in", (event) => {
  event.preventDefault();
  form.elements.email.focus();
});
