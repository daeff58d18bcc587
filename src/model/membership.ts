/*
 * Who is in which consumer group: no entity of Kong's with an id and tags of its own, so both are made of what it joins.
 */

export function membershipId(groupId: string, consumerId: string): string {
  return `${groupId}:${consumerId}`;
}

/** @param group name of the KongConsumerGroup. */
export function membershipPart(group: string): string {
  return `member.${group}`;
}
