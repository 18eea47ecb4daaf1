import "./site.js";
import "./mail-sign-in.js";
