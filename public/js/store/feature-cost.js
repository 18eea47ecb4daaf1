import { loadCatalogue } from "./catalogue.js";

/**
 * What a feature costs; null if it is not offered. Throws what went wrong.
 * @param {string} feature
 * @returns {Promise<number | null>}
 */
export async function featureCost(feature) {
  const { features } = await loadCatalogue();
  return features.find(({ id }) => id === feature)?.credits ?? null;
}
