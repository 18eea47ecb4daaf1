import "./site.js";
import "../payment/payment-status.js";
