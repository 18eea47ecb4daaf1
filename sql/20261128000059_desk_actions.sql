-- What staff do to a person's account. An action and its row in admin_actions are one transaction. A preview
-- runs the same action and rolls it back, so it says exactly what the ledger would do.

create function purse.person_exists(p_user_id uuid)
    returns boolean
    language sql
    stable
    set search_path = ''
as $$
    select exists (select from auth.users a where a.id = p_user_id)
        or exists (select from public.user_credits u where u.user_id = p_user_id)
        or exists (select from public.deleted_accounts d where d.user_id = p_user_id)
$$;

comment on function purse.person_exists(uuid) is
'Whether Supabase Auth or the ledger knows a user, deleted accounts included.';
revoke all on function purse.person_exists(uuid) from public, anon, authenticated, service_role;

create function purse.resend_receipt(
    p_user_id  uuid,
    p_order_id uuid
)
    returns jsonb
    language plpgsql
    set search_path = ''
as $$
declare
    v_event    public.outbox_events;
    v_delivery public.outbox_deliveries;
begin
    if not exists (select from public.purchases p where p.id = p_order_id and p.user_id = p_user_id) then
        raise exception using errcode = 'PT404', message = 'no such order', detail = 'unknown_order';
    end if;
    if not exists (
        select from public.outbox_endpoints n where n.name = 'mail' and n.seen_at > now() - interval '1 day'
    ) then
        raise exception using errcode = 'PT409', message = 'no mails are sent to customers', detail = 'mails_off';
    end if;
    if not exists (select from auth.users a where a.id = p_user_id and a.email_confirmed_at is not null) then
        raise exception using errcode = 'PT409', message = 'no confirmed address', detail = 'no_address';
    end if;
    select e.* into v_event
    from public.credit_transactions t
    join public.outbox_events e on e.fact = 'credits.purchased:' || t.id
    where t.purchase_id = p_order_id
        and t.kind = 'purchase'
    order by t.id
    limit 1;
    if not found then
        raise exception using errcode = 'PT409', message = 'no mail to send again', detail = 'no_receipt_mail';
    end if;
    select * into v_delivery
    from public.outbox_deliveries d
    where d.endpoint = 'mail'
        and d.event_id = v_event.id;
    -- To the mails alone: the app has had this event.
    insert into public.outbox_deliveries (endpoint, event_id, user_id)
    values ('mail', v_event.id, p_user_id)
    on conflict (endpoint, event_id) do update
        set delivered_at = null,
            parked_at = null,
            attempts = 0,
            due_at = clock_timestamp(),
            begun_at = clock_timestamp();
    return jsonb_build_object('sent_before_at', v_delivery.delivered_at, 'last_outcome', v_delivery.last_outcome);
end
$$;

comment on function purse.resend_receipt(uuid, uuid) is
'Has the mail about a purchase sent again. Returns {sent_before_at, last_outcome}: of the mail so far, or null. Raises
PT404 with unknown_order as detail if the order is not this user''s; PT409 with mails_off, no_address, or
no_receipt_mail if the order is not paid or was paid more than 90 days ago.';
revoke all on function purse.resend_receipt(uuid, uuid) from public, anon, authenticated, service_role;

create function purse.require_not_done(p_is_done boolean)
    returns void
    language plpgsql
    immutable
    set search_path = ''
as $$
begin
    if p_is_done then
        raise exception using errcode = 'PT409', message = 'it was done before', detail = 'already_done';
    end if;
end
$$;

comment on function purse.require_not_done(boolean) is
'Raises PT409 with already_done as detail if there is nothing left to do. So admin_actions names nobody for what somebody
else did.';
revoke all on function purse.require_not_done(boolean) from public, anon, authenticated, service_role;

create function purse.apply_action(
    p_actor_id  uuid,
    p_action    text,
    p_user_id   uuid,
    p_arguments jsonb,
    p_reason    text,
    p_balance   bigint
)
    returns jsonb
    language plpgsql
    set search_path = ''
as $$
declare
    v_spend     constant bigint := (p_arguments ->> 'transaction_id')::bigint;
    v_hold      constant uuid := (p_arguments ->> 'hold_id')::uuid;
    v_recipient constant uuid := (p_arguments ->> 'to_user_id')::uuid;
    v_order     constant uuid := (p_arguments ->> 'purchase_id')::uuid;
    v_details   jsonb;
    v_note      bigint;
begin
    case p_action
        when 'grant' then
            return public.grant_credits(
                p_user_id, (p_arguments ->> 'credits')::bigint, 'bonus', p_actor_id::text, p_reason,
                'desk:' || gen_random_uuid(), (p_arguments ->> 'valid_days')::integer
            );
        when 'correct' then
            return public.grant_credits(
                p_user_id, (p_arguments ->> 'credits')::bigint, 'correction', p_actor_id::text, p_reason,
                'desk:' || gen_random_uuid()
            );
        when 'undo' then
            if not exists (
                select from public.credit_transactions t
                where t.id = v_spend
                    and purse.owner_of(t.user_id) = p_user_id
            ) then
                raise exception using errcode = 'PT404', message = 'no such spend', detail = 'unknown_transaction';
            end if;
            v_details := public.reverse_spend(v_spend, p_actor_id::text, p_reason);
            perform purse.require_not_done((v_details ->> 'replayed')::boolean);
            return v_details;
        when 'release' then
            if not exists (select from public.credit_holds h where h.id = v_hold and h.user_id = p_user_id) then
                raise exception using errcode = 'PT404', message = 'no such hold', detail = 'unknown_hold';
            end if;
            perform purse.require_not_done(
                (select h.status not in ('held', 'captured') from public.credit_holds h where h.id = v_hold)
            );
            return public.release_hold(v_hold);
        when 'refund' then
            if not exists (select from public.purchases p where p.id = v_order and p.user_id = p_user_id) then
                raise exception using errcode = 'PT404', message = 'no such order', detail = 'unknown_order';
            end if;
            return public.begin_refund(
                v_order, p_actor_id::text, p_reason, 'desk:' || gen_random_uuid(), (p_arguments ->> 'amount')::bigint,
                p_user_id
            ) - 'replayed';
        when 'resend' then
            return purse.resend_receipt(p_user_id, (p_arguments ->> 'order_id')::uuid);
        when 'move' then
            if not purse.person_exists(v_recipient) then
                raise exception using errcode = 'PT404', message = 'no such person', detail = 'unknown_person';
            end if;
            v_details := public.move_purse(p_user_id, v_recipient, p_actor_id::text, p_reason);
            perform purse.require_not_done((v_details ->> 'replayed')::boolean);
            -- Until here the balance was not locked.
            perform purse.require_balance(p_balance, (v_details ->> 'credits')::bigint);
            return v_details;
        when 'forget' then
            if exists (select from unnest(purse.accounts_of(p_user_id)) i (id) where purse.staff_role(i.id) is not null)
            then
                raise exception using errcode = 'PT409', message = 'take the role away first', detail = 'is_staff';
            end if;
            v_details := public.forget_user(p_user_id, p_actor_id::text, p_reason, p_balance);
            perform purse.require_not_done((v_details ->> 'replayed')::boolean);
            return v_details;
        when 'offer' then
            return purse.make_offer(p_user_id, p_arguments);
        when 'withdraw_offer' then
            return purse.withdraw_offer(p_user_id, (p_arguments ->> 'offer_id')::uuid);
        when 'export' then
            return '{}';
        when 'note' then
            -- forget_user takes this lock alone: a note is there before the deletion, or is refused.
            perform pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('orders of:' || p_user_id, 0));
            perform purse.require_account(p_user_id);
            insert into public.person_notes (user_id, author_id, text)
            values (p_user_id, p_actor_id, p_reason)
            returning id into v_note;
            return jsonb_build_object('note_id', v_note::text);
        else
            raise exception using errcode = 'PT422', message = 'no such action';
    end case;
end
$$;

comment on function purse.apply_action(uuid, text, uuid, jsonb, text, bigint) is
'Does what an action of the desk asks for; see desk_act. Returns the details of its result.';
revoke all on function purse.apply_action(uuid, text, uuid, jsonb, text, bigint) from public, anon, authenticated, service_role;
