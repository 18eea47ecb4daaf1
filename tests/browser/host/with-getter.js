import "https://purse.example.com/elements/credit-balance.js";
import { connect } from "https://purse.example.com/elements/connect.js";
import { hearCredits } from "./heard.js";

let token = null;

hearCredits();
window.connect = connect;
window.purse = connect(() => token);
window.enter = (accessToken) => {
  token = accessToken;
  return window.purse.refresh();
};
