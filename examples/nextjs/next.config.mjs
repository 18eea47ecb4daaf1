/** @type {import("next").NextConfig} */
export default {
  allowedDevOrigins: ["127.0.0.1"],
  turbopack: { root: import.meta.dirname },
};
