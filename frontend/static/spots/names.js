// Names are a prefix and a number: A1, A2, B-07.

export const parse = (name) => {
  const [, prefix, digits] = /^(.*?)(\d*)$/.exec(name);
  return { prefix, number: digits === "" ? null : Number(digits), width: digits.startsWith("0") ? digits.length : 0 };
};

export const make = (prefix, number, width = 0) => prefix + String(number).padStart(width, "0");

// The first number of a prefix after which nothing stands.
export const next = (spots, prefix) => {
  const numbers = spots.map((spot) => parse(spot.name)).filter((name) => name.prefix === prefix && name.number !== null);
  return numbers.length ? Math.max(...numbers.map((name) => name.number)) + 1 : 1;
};

// So many free names of a prefix, from a number on.
export const free = (spots, prefix, from, count) => {
  const taken = new Set(spots.map((spot) => spot.name));
  const names = [];
  for (let number = from; names.length < count; number += 1) {
    const name = make(prefix, number);
    if (!taken.has(name)) names.push(name);
  }
  return names;
};

// The prefix people are likely to want next: that of the last spot.
export const likely = (spots) => (spots.length ? parse(spots.at(-1).name).prefix : "A");
