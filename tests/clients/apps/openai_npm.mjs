// An application with the official npm package. It speaks with its test as loop.py does.
import OpenAI from "openai";
import { createInterface } from "node:readline";

const ASKING = { model: "tiny", temperature: 0, seed: 1, max_tokens: 24 };
const TOOLS = [
  {
    type: "function",
    function: {
      name: "weather",
      description: "Forecast the weather.",
      parameters: {
        type: "object",
        properties: { city: { type: "string" }, days: { type: "integer" } },
        required: ["city", "days"],
      },
    },
  },
];
const FORECAST = {
  type: "json_schema",
  json_schema: {
    name: "forecast",
    strict: true,
    schema: {
      type: "object",
      properties: { sunny: { type: "boolean" } },
      required: ["sunny"],
      additionalProperties: false,
    },
  },
};
// Headers that differ from one reply to the next, and those that are for the next hop only.
const PASSING_HEADERS = new Set(["date", "x-request-id", "connection", "keep-alive", "transfer-encoding"]);

const messages = (text) => [
  { role: "system", content: "Be brief." },
  { role: "user", content: text },
];
const COLOUR = messages("Name a colour, please: grün?");
const WEATHER = messages("What will the weather be like?");
const chats = (options) => new OpenAI({ maxRetries: 0, ...options }).chat.completions;
const headersOf = (headers) => [...headers].filter(([name]) => !PASSING_HEADERS.has(name));

async function listed(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

const streamed = async (options) => listed(await chats().create({ ...ASKING, messages: COLOUR, stream: true, ...options }));

const scenarios = {
  plain: () => chats().create({ ...ASKING, messages: COLOUR }),
  streamed,
  streamed_with_usage: () => streamed({ stream_options: { include_usage: true } }),

  // Let the SDK call the tool and ask again by itself.
  async tools() {
    const weather = { ...TOOLS[0].function, parse: JSON.parse, function: ({ city, days }) => `${days} sunny days in ${city}` };
    const runner = chats().runTools({ ...ASKING, messages: WEATHER, tools: [{ type: "function", function: weather }] });
    await runner.done();
    return { messages: runner.messages, replies: runner.allChatCompletions(), usage: await runner.totalUsage() };
  },

  async tools_streamed() {
    return listed(await chats().create({ ...ASKING, messages: WEATHER, tools: TOOLS, stream: true }));
  },

  async structured() {
    const asking = { ...ASKING, max_tokens: 250, messages: messages("Is Rome sunny?"), response_format: FORECAST };
    const reply = await chats().parse(asking);
    return { reply, sunny: JSON.parse(reply.choices[0].message.content).sunny };
  },

  // Use the SDK's own assembly of a stream.
  async assembled() {
    const stream = chats().stream({ ...ASKING, messages: COLOUR });
    const contents = [];
    stream.on("content", (delta) => contents.push(delta));
    return { contents, reply: await stream.finalChatCompletion() };
  },

  async raw() {
    const { data, response } = await chats().create({ ...ASKING, messages: COLOUR }).withResponse();
    return { status: response.status, headers: headersOf(response.headers), data };
  },

  async raw_streamed() {
    const asking = { ...ASKING, messages: COLOUR, stream: true, stream_options: { include_usage: true } };
    const response = await chats().create(asking).asResponse();
    return { status: response.status, headers: headersOf(response.headers), text: await response.text() };
  },

  async refused({ text, stream = false, retries = 0 }) {
    const chunks = [];
    try {
      const reply = await chats({ maxRetries: retries }).create({ ...ASKING, messages: messages(text), stream });
      if (!stream) return { reply };
      for await (const chunk of reply) chunks.push(chunk);
      return { chunks };
    } catch (error) {
      const { status, code, type, param, error: body, message } = error;
      const headers = error.headers ? headersOf(error.headers) : null;
      return { chunks, class: error.constructor.name, status, code, type, param, body, message, headers };
    }
  },

  // Read many streams to their end, some at a time.
  async many({ count }) {
    const client = chats();
    const told = [];
    let left = count;
    const one = async () => {
      while (left-- > 0) {
        const chunks = await listed(await client.create({ ...ASKING, messages: COLOUR, stream: true }));
        told.push(chunks.map((chunk) => chunk.choices[0].delta.content ?? null));
      }
    };
    await Promise.all(Array.from({ length: 10 }, one));
    return told;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  process.env.OPENAI_BASE_URL = order.base_url;
  let told;
  try {
    told = { result: await scenarios[order.scenario](order.options), strangers: [] };
  } catch (error) {
    told = { failed: error.stack };
  }
  process.stdout.write(JSON.stringify(told) + "\n");
}
