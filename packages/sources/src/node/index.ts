export { createFileSource, type FileSource, type FileSourceOptions } from './file-source.ts';
