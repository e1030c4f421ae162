// Prints a Kubernetes Secret with a certificate and its key: node make-secret.mjs CERTIFICATE KEY > secret.yaml
// The same as `kubectl create secret tls bookshop -n istio-system --cert … --key … --dry-run=client -o yaml`.
import { readFileSync } from 'node:fs';
import process from 'node:process';

const [certificate, key] = process.argv.slice(2).map((file) => readFileSync(file).toString('base64'));
if (certificate === undefined || key === undefined) throw new Error('wanted the files of a certificate and of its key');
process.stdout.write(`apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata:
  name: bookshop
  # Where the ingress gateway runs: a gateway reads the Secrets of its own namespace only.
  namespace: istio-system
data:
  tls.crt: ${certificate}
  tls.key: ${key}
`);
