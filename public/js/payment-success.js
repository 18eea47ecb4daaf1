import "./site.js";
import "./payment-status.js";
