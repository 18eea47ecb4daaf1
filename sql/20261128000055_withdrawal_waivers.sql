-- Consents before checkout by which a buyer gives up the right of withdrawal, where the shop asks for one.

create table public.withdrawal_waivers (
    purchase_id uuid        not null,
    wording     text        not null,
    agreed_at   timestamptz not null default clock_timestamp(),
    constraint withdrawal_waivers_pkey primary key (purchase_id),
    constraint withdrawal_waivers_purchase_id_fkey foreign key (purchase_id) references public.purchases (id),
    constraint withdrawal_waivers_wording_is_short check (length(wording) between 1 and 2000)
);

comment on table public.withdrawal_waivers is
    'One row per order for which the buyer ticked the box that gives up the right of withdrawal. Written before Stripe hears of the order.';
comment on column public.withdrawal_waivers.wording is 'The words beside the box, as the buyer saw them.';

alter table public.withdrawal_waivers enable row level security;
revoke all on public.withdrawal_waivers from public, anon, authenticated, service_role;
grant select on public.withdrawal_waivers to service_role;

create function public.record_waiver(
    p_user_id  uuid,
    p_order_id uuid,
    p_wording  text
)
    returns timestamptz
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_agreed_at timestamptz;
begin
    perform purse.require_server();
    perform purse.require_account(p_user_id);
    if not exists (
        select from public.purchases p
        where p.id = p_order_id
            and p.user_id = p_user_id
            and p.status = 'open'
    ) then
        raise exception using errcode = 'PT404', message = 'no such open order', detail = 'unknown_purchase';
    end if;
    -- A repeated checkout request keeps the first consent.
    insert into public.withdrawal_waivers (purchase_id, wording)
    values (p_order_id, p_wording)
    on conflict (purchase_id) do nothing;
    select w.agreed_at into strict v_agreed_at from public.withdrawal_waivers w where w.purchase_id = p_order_id;
    return v_agreed_at;
end
$$;

comment on function public.record_waiver(uuid, uuid, text) is
'Records that a buyer gave up the right of withdrawal for an open order of theirs, with the words they saw. Safe to
repeat. Returns when they did. Raises PT404 if there is no such open order; PT403 if the account was deleted.';
revoke all on function public.record_waiver(uuid, uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.record_waiver(uuid, uuid, text) to service_role;
