// What a port speaks belongs to the shared words; the compiler's own files find it here.
export { isHttp, isHttp2, type PortProtocol, parseProtocol, servicePortProtocol } from '@heddle/model';
