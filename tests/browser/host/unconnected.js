import "https://purse.example.com/elements/credit-balance.js";
import "https://purse.example.com/elements/credit-history.js";
