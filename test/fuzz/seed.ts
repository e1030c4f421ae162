import process from 'node:process';
import fc from 'fast-check';

// What a test gives itself comes first, so its number of runs stays.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env['HEDDLE_FUZZ_SEED']) });
