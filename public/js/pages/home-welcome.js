// What the start page shows to somebody who is not signed in.
import "../session/auth-form.js";
import "../store/store-content.js";
