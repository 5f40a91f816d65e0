// What Python asks and a program answers, one JSON object a line:
// {"call": "exchange", "given": {...}} -> {"value": ...} or {"error": "Name: message"}.

import { Console } from "node:console";
import { createInterface } from "node:readline";

// What a package prints must not get between the answers.
globalThis.console = new Console(process.stderr);

export async function answer(calls) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { call, given } = JSON.parse(line);
    let reply;
    try {
      reply = { value: (await calls[call](given)) ?? null };
    } catch (error) {
      reply = { error: `${error.name}: ${error.message}` };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}
