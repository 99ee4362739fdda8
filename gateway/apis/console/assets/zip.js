// Reads the files of a zip whose files are stored as they are. Knows nothing of sound.

const END = 0x06054b50, ENTRY = 0x02014b50, STORED = 0;

/** Name -> bytes, as the list at the end of the zip says. */
export function unzip(bytes) {
  const view = new DataView(bytes);
  let end = bytes.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end -= 1;
  if (end < 0) throw new Error("no zip");
  const files = {};
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
    if (view.getUint32(at, true) !== ENTRY || view.getUint16(at + 10, true) !== STORED) throw new Error("a zip of another kind");
    const [size, name, extra, comment] = [20, 28, 30, 32].map((n) => (n === 20 ? view.getUint32(at + n, true) : view.getUint16(at + n, true)));
    const head = view.getUint32(at + 42, true);
    const begins = head + 30 + view.getUint16(head + 26, true) + view.getUint16(head + 28, true);
    files[new TextDecoder().decode(new Uint8Array(bytes, at + 46, name))] = bytes.slice(begins, begins + size);
    at += 46 + name + extra + comment;
  }
  return files;
}
