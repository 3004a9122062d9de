"""Organizations, people, spaces and memberships: the state and its rules. No messages, no HTTP."""

from collections.abc import Sequence
from dataclasses import replace

from webexsim import refusals
from webexsim.model import Event, Ground, Membership, Org, Person, PersonType, Space


class Directory:
    """Who there is and who is where; indexed by room and by person. Safe to use from any thread."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.orgs: dict[str, Org] = {}
        self.people: dict[str, Person] = {}
        self.spaces: dict[str, Space] = {}
        self.memberships: dict[str, Membership] = {}
        self._by_token: dict[str, Person] = {}
        self._by_email: dict[str, Person] = {}
        self._spaces_of: dict[str, dict[str, Space]] = {}
        self._sorted: dict[str, list[Space]] = {}
        self._direct: dict[frozenset[str], Space] = {}

    # people

    def add_org(self, name: str) -> Org:
        """Found an organization."""
        org = Org(id=self._ground.ids.new("ORGANIZATION"), name=name, created=self._ground.clock())
        self.orgs[org.id] = org
        return org

    def add_person(
        self, name: str, email: str, org: Org, *, kind: PersonType, role: str = "", avatar: str | None = None
    ) -> Person:
        """Hire somebody, with an access token."""
        ids = self._ground.ids
        person = Person(
            id=ids.new("PEOPLE"),
            display_name=name,
            email=email,
            org=org,
            type=kind,
            token=ids.token(),
            created=self._ground.clock(),
            role=role or kind,
            avatar=avatar,
        )
        self.people[person.id] = self._by_token[person.token] = self._by_email[email.lower()] = person
        self._spaces_of[person.id] = {}
        return person

    def with_token(self, token: str) -> Person:
        """Return whose access token this is, or raise 401."""
        person = self._by_token.get(token)
        if person is None:
            raise refusals.bad_token()
        return person

    def find(self, who: str) -> Person | None:
        """Return the person with this id or e-mail address, if there is one."""
        return self.people.get(who) or self._by_email.get(who.lower())

    def person(self, person_id: str) -> Person:
        """Return the person with this id, or raise 404."""
        person = self.people.get(person_id)
        if person is None:
            raise refusals.no_person()
        return person

    def named(self, person_id: str, email: str) -> Person:
        """Return the person with this id, or else with this address; 404 if there is none."""
        person = self.people.get(person_id) if person_id else self._by_email.get(email.lower())
        if person is None:
            raise refusals.no_person()
        return person

    # spaces

    def add_space(self, space: Space) -> Space:
        """Open a space nobody is in yet."""
        with self._ground.lock:
            self.spaces[space.id] = space
            if space.pair:
                self._direct[frozenset(person.id for person in space.pair)] = space
        return space

    def direct(self, one: Person, other: Person) -> Space | None:
        """Return the 1-1 of two people, if there is one."""
        return self._direct.get(frozenset((one.id, other.id)))

    def spaces_of(self, person: Person) -> Sequence[Space]:
        """Return the spaces somebody is in, sorted by id; not to be changed by the caller."""
        with self._ground.lock:
            known = self._sorted.get(person.id)
            if known is None:
                known = sorted(self._spaces_of[person.id].values(), key=lambda space: space.id)
                self._sorted[person.id] = known
            return known

    def space_for(self, person: Person, room_id: str) -> Space:
        """Return a space somebody is in, or raise the same 404 whether it is missing or closed to them."""
        space = self.spaces.get(room_id)
        if space is None or person.id not in space.members:
            raise refusals.no_room()
        return space

    def change_flags(self, space: Space, actor_id: str, *, announcement_only: bool) -> None:
        """Make a space announcement-only (which locks it) or open it again."""
        with self._ground.lock:
            space.announcement_only = announcement_only
            space.locked = space.locked or announcement_only
            self.tell_room("updated", space, actor_id)

    def migrate(self, space: Space, actor_id: str) -> None:
        """Move a space to another region: it and its memberships get new ids."""
        with self._ground.lock:
            people = [member.person for member in space.members.values()]
            for person in people:
                self._drop(space, person)
            del self.spaces[space.id]
            moderators = {member.person.id for member in space.members.values() if member.is_moderator}
            space.members.clear()
            space.id = self._ground.ids.new("ROOM")
            self.spaces[space.id] = space
            for person in people:
                self._put(space, person, person.id in moderators)
            self.tell_room("migrated", space, actor_id)

    def remove(self, space: Space) -> None:
        """Take a space away without a trace; nobody is told."""
        with self._ground.lock:
            for member in space.members.values():
                self._drop(space, member.person)
            space.members.clear()
            self.spaces.pop(space.id, None)

    def tell_room(self, event: str, space: Space, actor_id: str) -> None:
        """Say that something happened to a space."""
        facts: dict[str, str | frozenset[str]] = {"type": space.type, "isLocked": str(space.locked).lower()}
        self._ground.emit(
            Event(
                resource="rooms",
                event=event,
                actor_id=actor_id,
                subject=space,
                facts=facts,
                visible=lambda owner: owner.id in space.members,
            )
        )

    # memberships

    def members(self, space: Space) -> list[Membership]:
        """Return a space's memberships, sorted by person id."""
        with self._ground.lock:
            return [space.members[person_id] for person_id in sorted(space.members)]

    def join(self, space: Space, person: Person, by: Person, moderator: bool = False) -> Membership:
        """Put somebody into a space; 409 if they are in it."""
        with self._ground.lock:
            if person.id in space.members:
                raise refusals.already_member()
            member = self._put(space, person, moderator)
            self._tell_member("created", space, member, by.id)
            return member

    def leave(self, space: Space, person: Person, by: Person) -> None:
        """Take somebody out of a space; a direct one stays in the other person's list, and nobody is told."""
        with self._ground.lock:
            member = space.members.pop(person.id, None)
            if member is None:
                raise refusals.no_membership()
            self._drop(space, person)
            if space.type == "group":
                self._tell_member("deleted", space, member, by.id)

    def set_moderator(self, space: Space, person: Person, moderator: bool, by: Person) -> Membership:
        """Make somebody a moderator (which locks the space) or an ordinary member."""
        with self._ground.lock:
            member = replace(space.members[person.id], is_moderator=moderator)
            space.members[person.id] = self.memberships[member.id] = member
            space.locked = space.locked or moderator
            self._tell_member("updated", space, member, by.id)
            return member

    def _put(self, space: Space, person: Person, moderator: bool) -> Membership:
        member = Membership(
            id=self._ground.ids.membership(person.id, space.id),
            room_id=space.id,
            room_type=space.type,
            person=person,
            is_moderator=moderator,
            created=self._ground.clock(),
        )
        space.members[person.id] = self.memberships[member.id] = member
        self._spaces_of[person.id][space.id] = space
        self._sorted.pop(person.id, None)
        return member

    def _drop(self, space: Space, person: Person) -> None:
        self.memberships.pop(self._ground.ids.membership(person.id, space.id), None)
        self._spaces_of[person.id].pop(space.id, None)
        self._sorted.pop(person.id, None)

    def _tell_member(self, event: str, space: Space, member: Membership, actor_id: str) -> None:
        person = member.person
        facts: dict[str, str | frozenset[str]] = {
            "roomId": space.id,
            "personId": person.id,
            "personEmail": person.email.lower(),
            "isModerator": str(member.is_moderator).lower(),
        }
        self._ground.emit(
            Event(
                resource="memberships",
                event=event,
                actor_id=actor_id,
                subject=member,
                facts=facts,
                visible=lambda owner: owner.id == person.id or owner.id in space.members,
            )
        )
