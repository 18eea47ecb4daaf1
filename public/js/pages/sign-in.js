import "./site.js";
import "../session/mail-sign-in.js";
