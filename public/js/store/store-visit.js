import { noteStoreOpened } from "./api.js";
import { RequestError } from "../lib/http.js";
import { person } from "../session/person.js";

/** Whom this page has counted. */
let counted = "";

/**
 * The shop counts how many people see the store, once for each person and page; nobody waits for it.
 * @param {Element} store
 */
export async function countStoreVisit(store) {
  // A store that is just being filled is shown before the next turn.
  await null;
  const { id } = person;
  if (!id || id === counted || !store.checkVisibility()) return;
  counted = id;
  await noteStoreOpened().catch((error) => {
    if (!(error instanceof RequestError)) throw error;
  });
}
