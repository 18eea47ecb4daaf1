import { person } from "./person.js";

/**
 * Does something as the person signed in. A refused token is refreshed and tried once more; refused again,
 * the session is over. Nothing is tried again for somebody else who is there by then.
 * @template T
 * @param {(token: string) => Promise<T>} run
 * @param {(error: import("../lib/http.js").RequestError) => boolean} isOver whether an error refuses the token
 * @returns {Promise<T>}
 */
export async function asPerson(run, isOver) {
  const token = await person.token();
  const { id } = person;
  try {
    return await run(token);
  } catch (error) {
    if (!isOver(error)) throw error;
  }
  person.mustBe(id);
  const renewed = await person.token(token);
  person.mustBe(id);
  try {
    return await run(renewed);
  } catch (error) {
    if (isOver(error)) person.end("expired", id);
    throw error;
  }
}
