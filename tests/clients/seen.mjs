// What a client saw of each call, one JSON object a line: whoever started us compares it with the books.
export const { TIEOUT_URL: url, TIEOUT_KEY: key, TIEOUT_POOR_KEY: poorKey } = process.env;

/** @param what Of a call: operation, attempts, input, output; cost where an answer said it. */
export const saw = (call, what) => console.log(JSON.stringify({ call, ...what }));

export const operationOf = (response) => response.headers.get("tieout-operation");

export const costOf = (response) => response.headers.get("tieout-cost");

/** A fetch that counts its calls and adds headers to those that `when` says. */
export function counting(headers = {}, when = () => true) {
  const counted = async (input, init) => {
    counted.calls++;
    const request = new Request(input, init);
    if (when(counted.calls)) for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
    return fetch(request);
  };
  counted.calls = 0;
  return counted;
}

export function expect(actual, wanted, what) {
  if (JSON.stringify(actual) !== JSON.stringify(wanted)) throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(wanted)}`);
}

/** The error that a call ends with. */
export async function failure(call) {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("It should have failed.");
}
