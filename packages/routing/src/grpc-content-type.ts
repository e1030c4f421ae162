/** True for a request whose local replies must speak gRPC: `content-type: application/grpc`, alone or with `+suffix`. */
export function isGrpcContentType(contentType: string | undefined): boolean {
  if (contentType === undefined || !contentType.startsWith('application/grpc')) return false;
  return contentType.length === 16 || contentType[16] === '+';
}
