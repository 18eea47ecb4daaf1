// What the start page shows to somebody who is signed in.
import "../../elements/credit-balance.js";
import "../../elements/credit-history.js";
