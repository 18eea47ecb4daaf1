// What a store shows: the packs, and what things cost.
import "../../elements/credit-store.js";
import "./price-list.js";
