// What every page has: the header, the store, and a balance that is known.
import "./site-brand.js";
import "./site-footer.js";
import "./balance-pill.js";
import "./account-menu.js";
import "./store-dialog.js";
import "./kept-work.js";
import { session } from "./session.js";
import { wallet } from "./wallet.js";

document.documentElement.dataset.session = session.user ? "in" : "out";
wallet.load();
