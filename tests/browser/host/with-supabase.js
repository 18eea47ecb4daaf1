import "https://purse.example.com/elements/credit-balance.js";
import "https://purse.example.com/elements/credit-store.js";
import "https://purse.example.com/elements/credit-history.js";
import { connect } from "https://purse.example.com/elements/connect.js";
import { hearCredits } from "./heard.js";
import { supabase } from "./supabase.js";

hearCredits();
window.purse = connect(supabase);

const form = document.querySelector("form");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { email, password } = Object.fromEntries(new FormData(form));
  supabase.auth.signInWithPassword({ email, password });
});
document.querySelector("#leave").addEventListener("click", () => supabase.auth.signOut());
document.addEventListener("credits:sign-in", (event) => {
  event.preventDefault();
  form.elements.email.focus();
});
