import { Header, Headers } from "@heddle/wasm-sdk/assembly";

/** All headers of a message, read once; changes are made here too, so that later rules see what earlier ones did. */
export class FoundHeaders {
  list: Header[];

  constructor(headers: Headers) {
    this.list = headers.entries();
  }

  /** The first value of a name in lower case; empty if there is none. */
  first(name: string): string {
    for (let index = 0; index < this.list.length; index++) {
      const header = unchecked(this.list[index]);
      if (header.name == name) return header.value;
    }
    return "";
  }

  has(name: string): bool {
    for (let index = 0; index < this.list.length; index++) {
      if (unchecked(this.list[index]).name == name) return true;
    }
    return false;
  }

  /** Values of a name, in order. */
  values(name: string): string[] {
    const found: string[] = [];
    for (let index = 0; index < this.list.length; index++) {
      const header = unchecked(this.list[index]);
      if (header.name == name) found.push(header.value);
    }
    return found;
  }

  add(name: string, value: string): void {
    this.list.push(new Header(name, value));
  }

  remove(name: string): void {
    const kept: Header[] = [];
    for (let index = 0; index < this.list.length; index++) {
      const header = unchecked(this.list[index]);
      if (header.name != name) kept.push(header);
    }
    this.list = kept;
  }
}
