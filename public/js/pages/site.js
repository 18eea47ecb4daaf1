// What every page has: the header, the store, and a balance that is known.
import "../session/views.js";
import "../lib/site-brand.js";
import "../lib/site-footer.js";
import "../credits/balance-pill.js";
import "../session/account-menu.js";
import "../store/store-dialog.js";
import "../store/kept-work.js";
import "../session/sign-in-prompt.js";
import { session } from "../session/session.js";
import { wallet } from "../credits/wallet.js";

document.documentElement.dataset.session = session.user ? "in" : "out";
wallet.load();
