export interface Book {
  readonly id: number;
  readonly title: string;
  readonly author: string;
}

export const books: readonly Book[] = [
  { id: 1, title: 'Threads and Shuttles', author: 'M. Webster' },
  { id: 2, title: 'The Warp That Was', author: 'I. Loomis' },
  { id: 3, title: 'Shedding Light', author: 'T. Weaver' },
];
