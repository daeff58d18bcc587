export { distinctEndpoints, targetOf, type Endpoint } from "../model/endpoint.ts";
