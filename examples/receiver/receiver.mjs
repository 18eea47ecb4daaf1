// A receiver of Purse's events, in JavaScript: verify, remember the id, act.
//
//     npm install standardwebhooks
//     EVENTS_SECRET=whsec_… PORT=4001 node receiver.mjs

import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.EVENTS_SECRET);
// A real app keeps the ids in its database, in the transaction that acts on the event.
const seen = new Set();

const server = createServer(async (request, response) => {
  if (request.method !== "POST" || request.url !== "/events") {
    response.writeHead(404).end();
    return;
  }
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  let event;
  try {
    // The bytes as they came: the signature is over them.
    event = webhook.verify(Buffer.concat(chunks).toString("utf8"), request.headers);
  } catch {
    response.writeHead(401).end("The signature is not ours.");
    return;
  }
  const id = request.headers["webhook-id"];
  if (!seen.has(id)) {
    seen.add(id);
    // Act on event.type and event.data here.
    console.log(JSON.stringify({ id, ...event }));
  }
  response.writeHead(204).end();
});

server.listen(Number(process.env.PORT ?? 4001), "127.0.0.1", () => {
  console.log(JSON.stringify({ port: server.address().port }));
});
