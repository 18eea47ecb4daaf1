// A receiver of Purse's events, in JavaScript: verify, remember the id, act.
//
//     npm install standardwebhooks
//     EVENTS_SECRET=whsec_… PORT=4001 node receiver.mjs

import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const MOST = 64 * 1024;
const webhook = new Webhook(process.env.EVENTS_SECRET);
// A real app keeps the ids in its database, in the transaction that acts on the event.
const seen = new Set();

const server = createServer(async (request, response) => {
  if (request.method !== "POST" || request.url !== "/events") {
    response.writeHead(404).end();
    return;
  }
  let body = "";
  try {
    for await (const chunk of request.setEncoding("utf8")) {
      body += chunk;
      if (body.length > MOST) throw new Error("too long");
    }
  } catch {
    response.writeHead(400).end("The request is too long, or was cut off.");
    return;
  }
  let event;
  try {
    // The text as it came: the signature is over it.
    event = webhook.verify(body, request.headers);
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
